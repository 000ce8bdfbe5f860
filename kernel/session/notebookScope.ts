/** @file The names of a notebook: one object whose properties every cell reads and writes. */

/** Values by name. Names nobody declared are looked up among the globals and fail as a missing variable does. */
export class NotebookScope {
  /** What cells read and write. Own properties are the names that have a value; reading them costs what a property costs. */
  readonly values: Record<string, unknown>;
  /** Stands in for `values` where a constant is assigned to. */
  readonly guarded: object;
  private readonly names = new Map<string, "constant" | "variable">();

  constructor() {
    const values: Record<string, unknown> = Object.create(new Proxy(Object.create(null), this.fallback()));
    this.values = values;
    const set = (_: object, key: string | symbol): boolean => {
      const error = new TypeError(`\`${String(key)}\` is a constant and cannot be assigned to`);
      Error.captureStackTrace(error, set);
      throw error;
    };
    this.guarded = new Proxy(Object.create(null), { get: (_, key) => Reflect.get(values, key), has: (_, key) => Reflect.has(values, key), set });
  }

  /** Names declared so far, those of cells that failed before their declaration too. */
  get declared(): ReadonlySet<string> {
    return new Set(this.names.keys());
  }

  get constants(): ReadonlySet<string> {
    return new Set([...this.names].filter(([, kind]) => kind === "constant").map(([name]) => name));
  }

  /** Takes `names` into the notebook. Old values stay until the cell assigns new ones. */
  declare(names: Iterable<string>, constants: Iterable<string>): void {
    for (const name of names) {
      this.names.set(name, "variable");
      // A deferred complaint about a missing import must not outlive its name.
      if (Object.getOwnPropertyDescriptor(this.values, name)?.get !== undefined) delete this.values[name];
    }
    for (const name of constants) this.names.set(name, "constant");
  }

  /** Gives `names` that have no value yet the value undefined. */
  reserve(names: Iterable<string>): void {
    for (const name of names) if (!Object.hasOwn(this.values, name)) this.define(name, undefined);
  }

  define(name: string, value: unknown): void {
    Object.defineProperty(this.values, name, { value, writable: true, enumerable: true, configurable: true });
  }

  /** Makes every use of `name` throw what `fail` throws. */
  defer(name: string, fail: () => never): void {
    Object.defineProperty(this.values, name, { get: fail, enumerable: false, configurable: true });
  }

  /** The notebook's variables with their present values. */
  entries(): ReadonlyMap<string, unknown> {
    return new Map(Object.keys(this.values).map((name) => [name, this.values[name]]));
  }

  private fallback(): ProxyHandler<object> {
    const { names } = this;
    const missing = (name: string, from: NonNullable<ProxyHandler<object>["get" | "set"]>): ReferenceError => {
      const error = new ReferenceError(names.has(name) ? `${name} has no value yet: what declares it has not run to that point` : `${name} is not defined`);
      // The stack begins where the cell uses the name.
      Error.captureStackTrace(error, from);
      return error;
    };
    const get = (_: object, key: string | symbol): unknown => {
      if (typeof key === "symbol" || key in globalThis) return Reflect.get(globalThis, key);
      throw missing(key, get);
    };
    const set = (_: object, key: string | symbol, value: unknown): boolean => {
      if (typeof key === "string" && names.has(key)) this.define(key, value);
      else if (key in globalThis) Reflect.set(globalThis, key, value);
      else throw missing(String(key), set);
      return true;
    };
    return { has: (_, key) => key in globalThis, get, set };
  }
}
