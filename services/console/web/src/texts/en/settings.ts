// Settings of the organisation.
export const settings = {
};
