// Who should go: cases, candidates, offers.
export const dispatch = {
};
