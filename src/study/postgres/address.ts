/** URLs of databases: what may be in one, and what of it may be shown. */
import { CompressError } from '../../errors.ts';

export const isPostgres = (text: string): boolean => /^postgres(ql)?:/.test(text);

const TLS_MODES: readonly string[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
const SECRETS = ['password', 'sslpassword'];

/**
 * A URL without a password: everybody on a machine can read the command lines of its processes.
 *
 * @throws CompressError `bad-option`, whose message has nothing of the URL but its host
 */
export function checkAddress(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new CompressError('bad-option', 'the storage is no URL', 'give it as postgresql://user@host:5432/database');
  }
  if (!isPostgres(text)) {
    const what = `the storage is a URL of ${url.protocol.slice(0, -1)}`;
    throw new CompressError('bad-option', what, 'give one of PostgreSQL, as postgresql://user@host:5432/database');
  }
  if (url.password || SECRETS.some((name) => url.searchParams.has(name))) {
    throw new CompressError(
      'bad-option',
      `the URL of ${url.host || 'the database'} holds a password, which process lists and logs would show`,
      'leave it out: set PGPASSWORD, or write a line host:port:database:user:password into ~/.pgpass',
    );
  }
  checkTls(url.searchParams);
  return text;
}

function checkTls(options: URLSearchParams): void {
  const mode = options.get('sslmode');
  if (mode === null) return;
  if (!TLS_MODES.includes(mode)) {
    throw new CompressError('bad-option', `sslmode=${mode} in the URL is no mode of TLS`, `give one of ${TLS_MODES.join(', ')}`);
  }
  if (mode === 'verify-ca' && !options.has('sslrootcert')) {
    const what = 'sslmode=verify-ca in the URL does not say whose certificates are trusted';
    throw new CompressError(
      'bad-option',
      what,
      "add sslrootcert=FILE, or give verify-full, which takes Node's authorities as well",
    );
  }
}

/** For messages: where it leads, without options. */
export function shownAddress(text: string): string {
  const { username, host, pathname } = new URL(text);
  return `postgresql://${username ? `${username}@` : ''}${host}${pathname}`;
}

/** What the client is given: modes of TLS mean what they mean to psql. */
export function clientAddress(text: string): string {
  const url = new URL(text);
  if (url.searchParams.has('sslmode') && !url.searchParams.has('uselibpqcompat')) url.searchParams.set('uselibpqcompat', 'true');
  return url.toString();
}
