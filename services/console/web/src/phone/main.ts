// Starts the phone page.
import { mount } from 'svelte';
import '../ui/styles.css';
import './phone.css';
import App from './App.svelte';
import { shell } from './worker/register.svelte';

mount(App, { target: document.getElementById('app')! });
// The worker is built with the page; a development server has none.
if (import.meta.env.PROD) void shell.register();
