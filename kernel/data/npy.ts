/** @file Data sets of .npy files. */
import { readNpy } from "../io/npy";
import { arrays, record, type Dataset } from "./dataset";

/** A data set whose fields are the arrays of .npy files, examples on their first axis.
 * @throws {ShapeError} when they have different numbers of examples, else as `readNpy`. */
export async function npy<K extends string>(files: { readonly [name in K]: string }): Promise<Dataset<K>> {
  // SAFETY: own keys of the record of files.
  const names = Object.keys(files) as K[];
  const tensors = await Promise.all(names.map((name) => readNpy(files[name])));
  return arrays<K>(record(names, (name) => tensors[names.indexOf(name)]));
}
