// The phone page.
export const phone = {
};
