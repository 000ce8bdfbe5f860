/** @file What the scaling view can show. */
import type { ScalingProfiles } from "../../display/scalingPayload";
import { isRecordList } from "../../display/table";
import type { ViewSource } from "./viewReply";

/** Names of columns, the most telling first. */
const SIZES = ["params", "parameters", "flops", "tokens", "n", "size", "x"];
const LOSSES = ["loss", "validation", "error", "y"];

/** Of a list of runs with a column of sizes and one of losses, or of the result of an iso-FLOP fit. */
export const scalingSource: ViewSource = (value, { title, library: { view } }) => {
  const profiles = profilesOf(value);
  if (profiles !== undefined) {
    const runs = profiles.flatMap(({ runs: points }) => points);
    return view.scaling({ title, points: { x: runs.map(({ params }) => params), y: runs.map(({ loss }) => loss) }, profiles: { profiles } });
  }
  if (!isRecordList(value)) return undefined;
  const [size, loss] = [SIZES, LOSSES].map((names) => names.find((name) => value.every((row) => typeof row[name] === "number")));
  if (size === undefined || loss === undefined) return undefined;
  const column = (name: string): number[] => value.map((row) => Number(row[name]));
  return view.scaling({ title, x: { label: size }, y: { label: loss }, points: { x: column(size), y: column(loss) } });
};

type Profile = ScalingProfiles["profiles"][number];

function profilesOf(value: unknown): readonly Profile[] | undefined {
  const list: unknown = typeof value === "object" && value !== null && "profiles" in value ? value.profiles : undefined;
  return Array.isArray(list) && list.length > 0 && list.every(isProfile) ? list : undefined;
}

const isProfile = (value: unknown): value is Profile =>
  typeof value === "object" && value !== null && "flops" in value && "runs" in value && Array.isArray(value.runs) && "predict" in value && typeof value.predict === "function";
