/** Its package has no types. */
declare module 'pgpass' {
  interface Place {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
  }
  export default function pgpass(place: Place, answer: (password: string | undefined) => void): void;
}
