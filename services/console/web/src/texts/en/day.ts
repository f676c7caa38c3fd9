// The timeline of a day.
export const day = {
};
