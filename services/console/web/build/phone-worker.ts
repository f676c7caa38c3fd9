// Builds the phone page's service worker: its text with the list of the files that the page consists
// of. The list is what the entry reaches, so that nothing of the console is stored on phones.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Plugin, Rolldown } from 'vite';

/** Files of `public/` that belong to the page. */
const PUBLIC = ['/icon.svg', '/phone/manifest.webmanifest', '/phone/icon-192.png'];

/** `entry` is the page, `source` the worker's text, `file` where it is put. */
export function phoneWorker(entry: string, source: string, file: string): Plugin {
  return {
    name: 'nearhand-phone-worker',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const reached = [...filesOf(entry, bundle)].map((name) => `/${name}`).sort();
        const page = bundle[entry];
        if (reached.length === 0 || page?.type !== 'asset') throw new Error(`${entry} is not in the bundle`);
        const shell = [...reached, ...PUBLIC];
        const text = readFileSync(source, 'utf8');
        const hash = createHash('sha256').update(JSON.stringify(shell)).update(page.source).update(text);
        for (const name of PUBLIC) hash.update(readFileSync(new URL(`../public${name}`, import.meta.url)));
        const head = `const VERSION = '${hash.digest('hex').slice(0, 16)}';\nconst SHELL = ${JSON.stringify(shell, null, 2)};\n`;
        this.emitFile({ type: 'asset', fileName: file, source: `${head}\n${text}` });
      },
    },
  };
}

/** The scripts and styles that a page loads, at once or later. */
function filesOf(entry: string, bundle: Rolldown.OutputBundle): Set<string> {
  const chunks = Object.values(bundle).filter((part) => part.type === 'chunk');
  const found = new Set<string>();
  const visit = (name: string) => {
    const chunk = chunks.find((one) => one.fileName === name);
    if (!chunk || found.has(name)) return;
    found.add(name);
    for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style);
    for (const asset of chunk.viteMetadata?.importedAssets ?? []) found.add(asset);
    [...chunk.imports, ...chunk.dynamicImports].forEach(visit);
  };
  const start = chunks.find((chunk) => chunk.isEntry && chunk.facadeModuleId?.endsWith(entry));
  if (start) visit(start.fileName);
  return found;
}
