// How Svelte compiles: runes everywhere, so that all components are written in one style.
export default { compilerOptions: { runes: true } };
