// People: list, person page, import and export.
export const people = {
};
