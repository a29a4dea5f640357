export { exportTflite } from './export.ts';
export { importTflite } from './import.ts';
