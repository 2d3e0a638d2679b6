//! How services are called on screen. A service without a name gets a placeholder, which must never
//! be taken for a name: it is not what a query says.

export const NO_SERVICE = "(no service name)";

export const serviceLabel = (name: string | null): string => (name === null || name === "" ? NO_SERVICE : name);
