// Stands in for the server's native logger, which is not compiled here: without one, log channels are not written to files.
import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

export class Logger {
  constructor(_type, _name, file) {
    this.file = file;
    this.level = 2;
    this.plain = false;
    mkdirSync(dirname(file), { recursive: true });
  }
  write(level, name, message) {
    if (level < this.level) return;
    appendFileSync(this.file, this.plain ? message : `${new Date().toISOString()} [${name}] ${message}\n`);
  }
  trace(message) { this.write(0, "trace", message); }
  debug(message) { this.write(1, "debug", message); }
  info(message) { this.write(2, "info", message); }
  warn(message) { this.write(3, "warning", message); }
  error(message) { this.write(4, "error", message); }
  critical(message) { this.write(5, "critical", message); }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  setPattern() {}
  clearFormatters() { this.plain = true; }
  flush() {}
  drop() {}
}

export const version = 0;
export const setLevel = () => undefined;
export const setFlushOn = () => undefined;
export const createRotatingLogger = async (name, file) => new Logger("rotating", name, file);
export const createAsyncRotatingLogger = createRotatingLogger;
