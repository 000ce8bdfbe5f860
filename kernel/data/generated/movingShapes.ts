/** @file Clips of a moving shape, over a ground that a camera may move. */
import { ArgumentError } from "../../errors";
import type { HostRandom } from "../../random/hostRandom";
import type { Dataset } from "../dataset";
import { blend, COLOURS, cover, finish, imageFormat, imageShape, SHAPES, smoothTexture, type ColourName, type ImageOptions, type ShapeName } from "./canvas";
import { checkCount, floats, generate, ints, type GeneratedOptions } from "./generate";
import { CAMERAS, MOTIONS, type CameraName, type MotionName, type Path } from "./motions";

export interface MovingShapesOptions extends GeneratedOptions, ImageOptions {
  /** T. Default 8. */
  readonly frames?: number;
  /** Default left, right, up, down. */
  readonly motions?: readonly MotionName[];
  /** Default circle, square, triangle, cross. */
  readonly shapes?: readonly ShapeName[];
  /** Default white. */
  readonly colours?: readonly ColourName[];
  /** Smallest and largest brightness of the shape, 0…1. Default [1, 1]. */
  readonly brightness?: readonly [number, number];
  /** Radius in shares of the side. Default [0.14, 0.22]. */
  readonly radius?: readonly [number, number];
  /** Pixels a frame, for a side of 16; it grows with the side. Default [0.6, 1]. */
  readonly speed?: readonly [number, number];
  /** false leaves the shape out and keeps everything else as it is. Default true. */
  readonly object?: boolean;
  /** Smooth waves behind, 0…1. Default 0: black. */
  readonly background?: number;
  /** Moves of the ground. Default still. */
  readonly cameras?: readonly CameraName[];
  /** Pixels a frame that the camera moves, for a side of 16. Default 1. */
  readonly cameraSpeed?: number;
  /** Deviation of white noise, new in each frame, in units of white − black. Default 0. */
  readonly noise?: number;
}

export interface MovingShapes extends Dataset<"video" | "motion" | "shape" | "colour" | "camera" | "path" | "mask"> {
  readonly motions: readonly MotionName[];
  readonly shapes: readonly ShapeName[];
  readonly colours: readonly ColourName[];
  readonly cameras: readonly CameraName[];
}

/**
 * Clips. An example has
 * - `video` [T, C, H, W] float32 (or [T, H, W, C]): 8 frames of 16 × 16 grey;
 * - `motion`, `shape`, `colour`, `camera` int32 []: numbers in the lists of the set, independent and uniform;
 * - `path` [T, 3] float32: centre x, y and radius in each frame, in units of the side;
 * - `mask` [T, H, W] int32: 1 where the shape covers half of the pixel.
 *
 * Shape, ground, camera and noise have random streams of their own, so sets that differ in `object`, `background` or `noise` show the same scene.
 * @throws {ArgumentError} for empty lists or sizes that are no positive integers.
 */
export function movingShapes(options: MovingShapesOptions = {}): MovingShapes {
  const format = imageFormat(options, { side: 16, channels: 1 });
  const { frames = 8, motions = ["left", "right", "up", "down"], shapes = SHAPES.slice(0, 4), colours = ["white"], cameras = ["still"] } = options;
  const { brightness = [1, 1], radius = [0.14, 0.22], speed = [0.6, 1], object = true, background = 0, cameraSpeed = 1, noise = 0 } = options;
  checkCount("movingShapes(): frames", frames);
  if ([motions, shapes, colours, cameras].some((list) => list.length === 0)) throw new ArgumentError("movingShapes(): an empty list of choices", { help: "give at least one of each" });
  const { side } = format;
  const unit = side / 16;
  const shape = imageShape(format);
  const frameSize = side * side * format.channels;

  const set = generate({
    ...options,
    name: "movingShapes",
    fields: { video: floats(frames, ...shape), motion: ints(), shape: ints(), colour: ints(), camera: ints(), path: floats(frames, 3), mask: ints(frames, side, side) },
    draw(out, random) {
      const ground = random.split("ground");
      const camera = ground.int(cameras.length);
      out.camera[0] = camera;
      const wave = smoothTexture(ground, [side / 4, side]);
      const thing = random.split("object");
      const [motion, kind, colour] = [thing.int(motions.length), thing.int(shapes.length), thing.int(colours.length)];
      out.motion[0] = motion;
      out.shape[0] = kind;
      out.colour[0] = colour;
      const path = pathOf(thing, motions[motion]);
      const light = thing.uniform(...brightness);
      const tint = COLOURS[colours[colour]].map((value) => value * light);
      for (let t = 0; t < frames; t++) {
        const image = out.video.subarray(t * frameSize, (t + 1) * frameSize);
        if (background > 0) {
          const { dx, dy, zoom } = CAMERAS[cameras[camera]](cameraSpeed * unit, t);
          for (let pixel = 0; pixel < side * side; pixel++) {
            const grey = background * wave(side / 2 + dx + ((pixel % side) - side / 2) / zoom, side / 2 + dy + (Math.floor(pixel / side) - side / 2) / zoom);
            blend(image, format, { pixel, share: 1, colour: [grey, grey, grey] });
          }
        }
        const pose = MOTIONS[motions[motion]](path, t);
        out.path.set([pose.x / side, pose.y / side, pose.radius / side], 3 * t);
        if (object)
          cover(side, { shape: shapes[kind], ...pose }, (pixel, share) => {
            blend(image, format, { pixel, share, colour: tint });
            if (share >= 0.5) out.mask[t * side * side + pixel] = 1;
          });
      }
      finish(out.video, format, { noise, random: random.split("noise") });
    },
  });
  return { ...set, motions, shapes, colours, cameras };

  /** A path that stays in the image where it fits, and is centred where not. */
  function pathOf(random: HostRandom, motion: MotionName): Path {
    const size = side * random.uniform(...radius);
    const pace = unit * random.uniform(...speed);
    const phase = random.uniform(0, 2 * Math.PI);
    const centred: Path = { x: 0, y: 0, radius: size, speed: pace, phase, frames };
    const poses = Array.from({ length: frames }, (_, t) => MOTIONS[motion](centred, t));
    const place = (axis: "x" | "y"): number => {
      const low = Math.max(...poses.map((pose) => pose.radius - pose[axis]));
      const high = Math.min(...poses.map((pose) => side - pose.radius - pose[axis]));
      const share = random.uniform();
      return low < high ? low + share * (high - low) : (low + high) / 2;
    };
    return { ...centred, x: place("x"), y: place("y") };
  }
}
