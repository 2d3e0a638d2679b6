//! The parameter that says where somebody was going who has to sign in first. What stands in it is
//! never taken for anything but a place below the base path.

import { basePath, href, type Place, place } from "../location/place";
import { queryString } from "../location/params";

const WHERE_TO = "to";

/** The sign-in, and from there back to a place. */
export const signInFrom = (page: string, { path, params }: Place): string => href(page, new URLSearchParams({ [WHERE_TO]: path + queryString(params) }));

/** Where the one who signs in here was going. */
export const whereTo = (): string => basePath() + (place.peek().params.get(WHERE_TO) ?? "").replace(/^[/\\]+/, "");
