export function violations(files: readonly (readonly [string, string])[]): string[];
