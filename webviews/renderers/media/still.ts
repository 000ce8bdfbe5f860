/** @file A still of a point cloud or mesh without 3D hardware, from the camera of the static twin. */
import { sharpContext } from "../../shared/canvas";
import type { Geometry } from "./points";

const TURN = (35 * Math.PI) / 180;
const TILT = (22 * Math.PI) / 180;
const MARGIN_PX = 24;

/** Draws far to near over the whole canvas. */
export function drawStill(canvas: HTMLCanvasElement, { positions, colours, triangles, count, low, high }: Geometry, size: { readonly width: number; readonly height: number }): void {
  const context = sharpContext(canvas, size);
  if (context === undefined || count === 0) return;
  const span = Math.hypot(high[0] - low[0], high[1] - low[1], high[2] - low[2]) || 1;
  const projected = Array.from({ length: count }, (_, i) => {
    const [x, y, z] = [0, 1, 2].map((axis) => (positions[3 * i + axis] - (low[axis] + high[axis]) / 2) / span);
    const [turnedX, turnedZ] = [x * Math.cos(TURN) + z * Math.sin(TURN), z * Math.cos(TURN) - x * Math.sin(TURN)];
    return { x: turnedX, y: -(y * Math.cos(TILT) - turnedZ * Math.sin(TILT)), depth: y * Math.sin(TILT) + turnedZ * Math.cos(TILT) };
  });
  const scale = Math.min(size.width, size.height) - 2 * MARGIN_PX;
  const place = (i: number): readonly [number, number] => [size.width / 2 + projected[i].x * scale, size.height / 2 + projected[i].y * scale];
  const colour = (i: number, light: number): string => `rgb(${[0, 1, 2].map((channel) => Math.round(colours[3 * i + channel] * light)).join(",")})`;
  if (triangles.length === 0) {
    for (const i of [...projected.keys()].sort((a, b) => projected[a].depth - projected[b].depth)) {
      context.fillStyle = colour(i, 1);
      const [x, y] = place(i);
      context.fillRect(x - 1.2, y - 1.2, 2.4, 2.4);
    }
    return;
  }
  const faces = Array.from({ length: triangles.length / 3 }, (_, face) => [triangles[3 * face], triangles[3 * face + 1], triangles[3 * face + 2]] as const);
  const depth = (face: readonly number[]): number => face.reduce((sum, i) => sum + projected[i].depth, 0);
  for (const face of faces.sort((a, b) => depth(a) - depth(b))) {
    const [a, b, c] = face.map((i) => projected[i]);
    const normal = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    const whole = Math.hypot(normal, (b.y - a.y) * (c.depth - a.depth) - (b.depth - a.depth) * (c.y - a.y), (b.depth - a.depth) * (c.x - a.x) - (b.x - a.x) * (c.depth - a.depth));
    context.fillStyle = context.strokeStyle = colour(face[0], 0.35 + 0.65 * (whole > 0 ? Math.abs(normal) / whole : 0));
    context.beginPath();
    for (const i of face) context.lineTo(...place(i));
    context.closePath();
    context.fill();
    context.stroke();
  }
}
