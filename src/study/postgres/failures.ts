/** What may go wrong with a database: what passes by itself, and what a person has to mend. */
import { CompressError } from '../../errors.ts';

interface Failure {
  /** An SQLSTATE of five characters, or a code of Node. */
  readonly code?: string;
  readonly message: string;
}

/** Classes and codes of SQLSTATE that another try may not meet: connections, serialization, deadlocks, locks, restarts, too many clients. */
const PASSING = /^(08...|40001|40P01|55P03|57P0[1235]|57014|25P0[34]|53300)$/;
const NETWORK = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN|ENOTFOUND|EADDRNOTAVAIL)$/;
/** Messages of the client, which have no code. */
const LOST = /Connection terminated|timeout|Client has encountered a connection error|not queryable|Client was closed/i;

/** Whether the same again may work. */
export function passes(e: unknown): boolean {
  const { code, message } = partsOf(e);
  return code ? PASSING.test(code) || NETWORK.test(code) : LOST.test(message);
}

/** Connecting to several addresses of one name fails with a list of reasons. */
const partsOf = (e: unknown): Failure => {
  const failure = (e instanceof AggregateError ? (e.errors[0] ?? e) : e) as Failure;
  return { code: failure.code, message: String(failure.message ?? failure) };
};

type Words = readonly [what: string, fix: string];

/** By SQLSTATE. */
const KNOWN: Readonly<Record<string, (message: string) => Words>> = {
  '28P01': () => ['refuses the password', 'set PGPASSWORD, or write a line host:port:database:user:password into ~/.pgpass'],
  '28000': (m) => [`refuses the user: ${m}`, 'check the user of the URL, and pg_hba.conf of the server'],
  '3D000': (m) => [`is not there: ${m}`, 'make it by `createdb`, or mend the URL'],
  '53100': () => ['has no room left on its disk', 'make room there, then resume: what was told is kept'],
  '53200': () => ['has no memory left', 'give the server more, then resume: what was told is kept'],
  '42P01': (m) => [`lacks a table: ${m}`, 'bring its backup back, or begin a new study in another database'],
  '42703': (m) => [`lacks a column: ${m}`, 'bring it up to date by `optuna storage upgrade`, or use another database'],
  '3F000': (m) => [`lacks a schema: ${m}`, 'bring its backup back, or begin a new study in another database'],
  '42501': (m) => [`forbids it: ${m}`, 'let an owner of the database GRANT it, or use a database of your own'],
  '25006': () => ['can only be read', 'give the URL of the primary server'],
};

const TLS = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/;

/**
 * What a person is told.
 *
 * @param where the database, as it may be shown
 * @returns the error as it was where it is a defect of our own
 */
export function explained(e: unknown, where: string): unknown {
  if (e instanceof CompressError) return e;
  const { code = '', message } = partsOf(e);
  const said = (what: string, fix: string) => new CompressError('cannot-write', `the database ${where} ${what}`, fix);
  if (KNOWN[code]) return said(...KNOWN[code](message));
  if (/password must be a (non-empty )?string/.test(message)) {
    return said('asks for a password, and none is given', KNOWN['28P01']('')[1]);
  }
  if (/does not support SSL/.test(message))
    return said('offers no TLS', 'leave sslmode out of the URL, or turn TLS on in the server');
  if (TLS.test(code))
    return said(`cannot be trusted: ${message}`, 'give the certificate of its authority by sslrootcert in the URL');
  if (code === 'ENOENT') return said(`needs a file that is not there: ${message}`, 'check the paths in the URL');
  if (passes(e)) return said(`does not answer: ${message || code}`, 'check that it runs and can be reached, then resume');
  return e;
}
