//! The page at `status`.

export { StatusPage as default } from "../status/StatusPage";
