// The live map and its list.
export const live = {
};
