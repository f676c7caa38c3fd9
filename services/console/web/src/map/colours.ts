// The colours of the map, light and dark. A canvas cannot read CSS variables, so they are here. Marks
// of people and cases have a contrast of at least 3 to the land, and differ in shape as well.

/** Colours of the base map and of what is drawn on it. */
export type Colours = {
  dark: boolean;
  sea: string;
  land: string;
  park: string;
  airport: string;
  shore: string;
  minorStreet: string;
  mainStreet: string;
  streetEdge: string;
  border: string;
  label: string;
  halo: string;
  free: string;
  busy: string;
  off: string;
  unknown: string;
  edge: string;
  selected: string;
  ring: string;
  cell: string;
  count: string;
  countText: string;
  caseOpen: string;
  caseAssigned: string;
  caseRunning: string;
  caseUrgent: string;
  candidate: string;
  candidateText: string;
  track: string;
};

const light: Colours = {
  dark: false,
  sea: '#c3dcec',
  land: '#f1eee6',
  park: '#d6e8cf',
  airport: '#e4e2ea',
  shore: '#9dbfd4',
  minorStreet: '#ffffff',
  mainStreet: '#ffffff',
  streetEdge: '#c9c0ab',
  border: '#8a7aa8',
  label: '#33414d',
  halo: '#ffffff',
  free: '#15803d',
  busy: '#b45309',
  off: '#64717e',
  unknown: '#0b5cad',
  edge: '#ffffff',
  selected: '#11203a',
  ring: '#0b5cad',
  cell: '#0b5cad',
  count: '#0b5cad',
  countText: '#ffffff',
  caseOpen: '#6d28d9',
  caseAssigned: '#475569',
  caseRunning: '#0f766e',
  caseUrgent: '#b91c1c',
  candidate: '#11203a',
  candidateText: '#ffffff',
  track: '#9d174d',
};

const dark: Colours = {
  dark: true,
  sea: '#0d1a26',
  land: '#1b242d',
  park: '#1d3026',
  airport: '#262a36',
  shore: '#2c4a60',
  minorStreet: '#2c3843',
  mainStreet: '#3b4956',
  streetEdge: '#161d25',
  border: '#8f83ad',
  label: '#c6d2dd',
  halo: '#10171e',
  free: '#5fd08f',
  busy: '#f5b454',
  off: '#9aa7b4',
  unknown: '#7cbcf5',
  edge: '#10171e',
  selected: '#ffffff',
  ring: '#7cbcf5',
  cell: '#7cbcf5',
  count: '#7cbcf5',
  countText: '#06233f',
  caseOpen: '#c4a7fb',
  caseAssigned: '#a9b7c6',
  caseRunning: '#5ed3c5',
  caseUrgent: '#ff8f86',
  candidate: '#ffffff',
  candidateText: '#11203a',
  track: '#f59ac4',
};

/** The colours of a theme. */
export function coloursOf(isDark: boolean): Colours {
  return isDark ? dark : light;
}
