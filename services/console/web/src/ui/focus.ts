// Where the focus goes when a dialog opens.
import type { Attachment } from 'svelte/attachments';

/** The field that gets the focus when its dialog opens, in place of the first button. */
export const focusFirst: Attachment<HTMLElement> = (node) => {
  node.autofocus = true;
  // A field that comes after the dialog has opened.
  node.focus();
};
