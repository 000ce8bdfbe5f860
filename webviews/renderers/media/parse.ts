/** @file Checks the payload of a media view, and that its picture is as large as it says. */
import type { GeometryPayload, ImagesPayload, MediaPayload, VideoPayload } from "../../../kernel/display/schema";
import { bytesOfBase64 } from "../../shared/base64";
import { BASE, base64, type Check, finite, list, oneOf, PayloadError, record, tagged, text, whole } from "../../shared/validate";

/** Bytes of the largest picture. */
const MAX_BYTES = 4_000_000;
/** Pixels along a side: a small file can unfold to a picture that fills memory. */
const MAX_SIDE = 16_384;
const MAX_AREA = 40e6;
const MAX_TILES = 10_000;

const count = whole(1, MAX_TILES);
const side = whole(1, MAX_SIDE);

const images = record<ImagesPayload>({ ...BASE, kind: oneOf("images"), png: base64(MAX_BYTES), columns: count, count, tileWidth: side, tileHeight: side, gap: whole(0, 64), captions: list(text(1000), MAX_TILES) });
const video = record<VideoPayload>({ ...BASE, kind: oneOf("video"), png: base64(MAX_BYTES), columns: count, count, tileWidth: side, tileHeight: side, framesPerSecond: finite });

const triple: Check<readonly [number, number, number]> = (value, path) => {
  const [x, y, z, ...more] = list(finite, 3)(value, path);
  if (z === undefined || more.length > 0) throw new PayloadError(`${path} is not three numbers`);
  return [x, y, z];
};
const points = whole(0, 500_000);
const geometry = record<GeometryPayload>({ ...BASE, kind: oneOf("geometry"), positions: base64(MAX_BYTES), count: points, low: triple, high: triple, colours: base64(MAX_BYTES), triangles: base64(MAX_BYTES), triangleCount: points });

const check = tagged<MediaPayload>("kind", { images, video, geometry });

/** @throws {PayloadError} naming the field that is wrong. */
export function parseMedia(value: unknown): MediaPayload {
  const payload = check(value, "");
  if (payload.kind === "geometry") checkGeometry(payload);
  else checkPicture(payload);
  if (payload.kind === "images" && payload.captions.length !== 0 && payload.captions.length !== payload.count)
    throw new PayloadError(`captions has ${payload.captions.length} entries; expected ${payload.count}, one for each image, or none`);
  if (payload.kind === "video" && !(payload.framesPerSecond > 0 && payload.framesPerSecond <= 240)) throw new PayloadError(`framesPerSecond is ${payload.framesPerSecond}; expected more than 0, at most 240`);
  return payload;
}

const PNG_SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/** Reads the size from the file's header: the browser would unfold the picture before it tells. */
function checkPicture(payload: ImagesPayload | VideoPayload): void {
  const bytes = bytesOfBase64(payload.png.slice(0, 64));
  if (bytes.length < 24 || PNG_SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw new PayloadError("png is no PNG picture");
  const header = new DataView(bytes.buffer);
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  const gap = payload.kind === "images" ? payload.gap : 0;
  const columns = Math.min(payload.columns, payload.count);
  const rows = Math.ceil(payload.count / payload.columns);
  const [needsWidth, needsHeight] = [columns * (payload.tileWidth + gap) - gap, rows * (payload.tileHeight + gap) - gap];
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_AREA) throw new PayloadError(`png is a picture of ${width} × ${height} pixels; views show up to ${MAX_AREA / 1e6} million`);
  if (width < needsWidth || height < needsHeight) throw new PayloadError(`png is a picture of ${width} × ${height} pixels; its tiles need ${needsWidth} × ${needsHeight}`);
}

function checkGeometry({ positions, colours, triangles, count: size, triangleCount, low, high }: GeometryPayload): void {
  const bytes = (data: string): number => bytesOfBase64(data).length;
  if (bytes(positions) !== size * 6) throw new PayloadError(`positions has ${bytes(positions)} bytes; expected ${size * 6} for ${size} points`);
  if (colours !== "" && bytes(colours) !== size * 3) throw new PayloadError(`colours has ${bytes(colours)} bytes; expected ${size * 3}`);
  const corners = bytesOfBase64(triangles);
  if (corners.length !== triangleCount * 12) throw new PayloadError(`triangles has ${corners.length} bytes; expected ${triangleCount * 12}`);
  const outside = new Uint32Array(corners.buffer).find((corner) => corner >= size);
  if (outside !== undefined) throw new PayloadError(`triangles names point ${outside} of ${size}`);
  if (low.some((from, axis) => from > high[axis])) throw new PayloadError("low is above high");
}
