// Layers whose colours follow the theme. Must not take part in what is shown where.
import type { AllPaintProperties, LayerSpecification, Map as MapLibreMap } from 'maplibre-gl';
import { coloursOf, type Colours } from './colours';

/** Makes layers in the colours it is given: the same layers each time, painted differently. */
export type LayersOf = (colours: Colours) => LayerSpecification[];

/** Adds layers, and paints them anew when the theme changes. */
export class Painter {
  #map: MapLibreMap;
  #made: LayersOf[] = [];
  #repainted: ((colours: Colours) => void)[] = [];
  #font: string[];
  colours: Colours;

  constructor(map: MapLibreMap, isDark: boolean) {
    this.#map = map;
    this.colours = coloursOf(isDark);
    this.#font = fontOf(map);
  }

  /** Adds layers on top of those there are. */
  add(make: LayersOf): void {
    for (const layer of make(this.colours)) {
      if (layer.type === 'symbol' && layer.layout?.['text-field']) layer.layout['text-font'] = this.#font;
      this.#map.addLayer(layer);
    }
    this.#made.push(make);
  }

  /** Calls something for these colours, now and whenever they change. */
  onColours(act: (colours: Colours) => void): void {
    act(this.colours);
    this.#repainted.push(act);
  }

  /** Paints everything in the colours of a theme. */
  repaint(isDark: boolean): void {
    if (this.colours.dark === isDark) return;
    this.colours = coloursOf(isDark);
    for (const layer of this.#made.flatMap((make) => make(this.colours))) paint(this.#map, layer);
    for (const act of this.#repainted) act(this.colours);
  }
}

/** Gives a layer of the map the paint of another version of it. */
export function paint(map: MapLibreMap, layer: LayerSpecification): void {
  for (const [name, value] of Object.entries(layer.paint ?? {})) {
    map.setPaintProperty(layer.id, name as keyof AllPaintProperties, value);
  }
}

/** Fonts of this computer, which a style without glyph files draws with. */
export const LOCAL_FONT = ['system-ui', 'Noto Sans', 'sans-serif'];

/** The font for our own labels. A style with glyph files has only its own fonts. */
function fontOf(map: MapLibreMap): string[] {
  const style = map.getStyle();
  if (!style.glyphs) return LOCAL_FONT;
  for (const layer of style.layers) {
    const font = layer.type === 'symbol' ? layer.layout?.['text-font'] : undefined;
    if (Array.isArray(font) && font.every((name) => typeof name === 'string')) return font as string[];
  }
  return LOCAL_FONT;
}
