//! The page at `sign-in`.

export { SignInPage as default } from "../session/SignInPage";
