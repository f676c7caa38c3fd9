// Login, first run, password, own sessions.
export const account = {
  logIn: 'Log in',
  organization: 'Organisation',
  organizationHint: 'Its short name; leave it empty if there is only one.',
  login: 'E-mail address or user name',
  password: 'Password',
  remember: 'Stay logged in on this device',
  ended: 'Your session has ended. Log in again to go on; what you have typed is still there.',
};
