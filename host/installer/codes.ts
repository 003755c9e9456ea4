/** ERR_NOT_FOUND of assembly/base/errors.ts. */
export const NOT_FOUND = -8;
