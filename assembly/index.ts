// The export list: one line per kernel file.
export * from "./int/fully_connected_s8";
