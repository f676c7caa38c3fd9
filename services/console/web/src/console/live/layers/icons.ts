// The marks of cases and places, drawn on a canvas in the colours of the theme: shape and sign tell
// state and urgency, colour only underlines it.
import type { Map as MapLibreMap } from 'maplibre-gl';
import type { Colours } from '../../../map/colours';

/** How far a case has come, as far as the map tells it. */
export type CaseMark = 'open' | 'assigned' | 'in_progress' | 'done';

const RATIO = 2;
const SIDE = 26;

type Draw = (context: CanvasRenderingContext2D) => void;

/** The name of a case's image. */
export function caseIcon(mark: CaseMark, isUrgent: boolean): string {
  return `case-${mark}${isUrgent ? '-urgent' : ''}`;
}

/** The image of a picked or shown place. */
export const SITE_ICON = 'site';

/** The image below the number of people of a cell: six corners, so that it looks like no rank. */
export const CELL_ICON = 'cell';

/** Its corners. */
export const HEXAGON: [number, number][] = [[13, 1.5], [23, 7.2], [23, 18.8], [13, 24.5], [3, 18.8], [3, 7.2]];

/** Gives the map its images, or paints them anew. */
export function drawIcons(map: MapLibreMap, colours: Colours): void {
  const marks: CaseMark[] = ['open', 'assigned', 'in_progress', 'done'];
  for (const mark of marks) {
    for (const isUrgent of [false, true]) put(map, caseIcon(mark, isUrgent), (context) => drawCase(context, colours, mark, isUrgent));
  }
  put(map, CELL_ICON, (context) => drawCell(context, colours));
  put(map, SITE_ICON, (context) => drawSite(context, colours));
}

function put(map: MapLibreMap, name: string, draw: Draw): void {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE * RATIO;
  const context = canvas.getContext('2d')!;
  context.scale(RATIO, RATIO);
  draw(context);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  if (map.hasImage(name)) map.updateImage(name, image);
  else map.addImage(name, image, { pixelRatio: RATIO });
}

function drawCase(context: CanvasRenderingContext2D, colours: Colours, mark: CaseMark, isUrgent: boolean): void {
  context.beginPath();
  for (const command of outline(isUrgent)) context.lineTo(...command);
  context.closePath();
  context.lineWidth = 2;
  context.lineJoin = 'round';
  context.fillStyle = caseColour(colours, mark, isUrgent);
  context.strokeStyle = signColour(colours, mark);
  context.fill();
  context.stroke();
  drawSign(context, colours, mark, isUrgent);
}

/** A square; a diamond when it is urgent. */
export function outline(isUrgent: boolean): [number, number][] {
  return isUrgent ? [[13, 1.5], [24.5, 13], [13, 24.5], [1.5, 13]] : [[4.5, 4.5], [21.5, 4.5], [21.5, 21.5], [4.5, 21.5]];
}

/** The colour of a case. Urgency counts while nobody has it. What is done is hollow. */
export function caseColour(colours: Colours, mark: CaseMark, isUrgent: boolean): string {
  if (mark === 'open') return isUrgent ? colours.caseUrgent : colours.caseOpen;
  if (mark === 'done') return colours.land;
  return mark === 'in_progress' ? colours.caseRunning : colours.caseAssigned;
}

/** The colour of its edge and of the sign inside. */
export function signColour(colours: Colours, mark: CaseMark): string {
  return mark === 'done' ? colours.caseAssigned : colours.edge;
}

/** Inside: an exclamation mark or a dot while it is open, a tick, a triangle for work that goes on. */
function drawSign(context: CanvasRenderingContext2D, colours: Colours, mark: CaseMark, isUrgent: boolean): void {
  context.fillStyle = context.strokeStyle = signColour(colours, mark);
  context.lineWidth = 2.2;
  context.lineCap = 'round';
  context.beginPath();
  if (mark === 'in_progress') {
    context.moveTo(10.5, 8.8);
    context.lineTo(17.5, 13);
    context.lineTo(10.5, 17.2);
    context.fill();
  } else if (mark === 'assigned' || mark === 'done') {
    context.moveTo(9, 13.3);
    context.lineTo(12, 16.2);
    context.lineTo(17.2, 10);
    context.stroke();
  } else if (isUrgent) {
    context.moveTo(13, 8);
    context.lineTo(13, 13.5);
    context.stroke();
    dot(context, 13, 17.6, 1.4);
  } else {
    dot(context, 13, 13, 2.6);
  }
}

function dot(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function drawCell(context: CanvasRenderingContext2D, colours: Colours): void {
  context.beginPath();
  for (const corner of HEXAGON) context.lineTo(...corner);
  context.closePath();
  context.lineWidth = 2;
  context.lineJoin = 'round';
  context.fillStyle = colours.land;
  context.strokeStyle = colours.cell;
  context.fill();
  context.stroke();
}

/** A pin: a ring with a cross in it. */
function drawSite(context: CanvasRenderingContext2D, colours: Colours): void {
  for (const [width, colour] of [[5, colours.edge], [2.5, colours.selected]] as const) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.arc(13, 13, 8, 0, 2 * Math.PI);
    for (const [x1, y1, x2, y2] of [[13, 1.5, 13, 9], [13, 17, 13, 24.5], [1.5, 13, 9, 13], [17, 13, 24.5, 13]] as const) {
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    context.stroke();
  }
}
