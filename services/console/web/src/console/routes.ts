// Every address of the console, below /console. Pages are loaded when they are first opened.
import { createRouter } from 'sv-router';
import Shell from './Shell.svelte';

export const { p, navigate, isActive, route } = createRouter({
  '/': () => import('./live/LivePage.svelte'),
  '/day': () => import('./day/DayPage.svelte'),
  '/people': () => import('./people/PeoplePage.svelte'),
  '/people/import': () => import('./people/ImportPage.svelte'),
  '/people/:id': () => import('./people/PersonPage.svelte'),
  '/people/:id/:part': () => import('./people/PersonPage.svelte'),
  '/settings': () => import('./settings/SettingsPage.svelte'),
  '/settings/:part': () => import('./settings/SettingsPage.svelte'),
  '/settings/:part/:id': () => import('./settings/SettingsPage.svelte'),
  '/audit': () => import('./audit/AuditPage.svelte'),
  '/account': () => import('./account/AccountPage.svelte'),
  '*': () => import('./NotFound.svelte'),
  layout: Shell,
});
