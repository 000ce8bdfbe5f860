/** @file How things and cameras move in generated clips. */

/** Where a shape is in a frame: centre and radius in pixels, rotation in radians. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly rotation: number;
}

export interface Path {
  /** Place in the middle of the clip. */
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Pixels a frame. */
  readonly speed: number;
  /** Radians at the first frame, for motions that turn or swing. */
  readonly phase: number;
  readonly frames: number;
}

/** Pixels either side of the middle that circles and zig-zags reach, as a share of the way that straight motions go. */
const SWING_SHARE = 0.5;

const straight = (dx: number, dy: number) => (path: Path, frame: number): Pose => {
  const way = path.speed * (frame - (path.frames - 1) / 2);
  return { x: path.x + dx * way, y: path.y + dy * way, radius: path.radius, rotation: 0 };
};

const swing = (path: Path): number => SWING_SHARE * path.speed * (path.frames - 1);

const circular = (direction: 1 | -1) => (path: Path, frame: number): Pose => {
  const angle = path.phase + (direction * 2 * Math.PI * frame) / path.frames;
  return { x: path.x + swing(path) * Math.cos(angle), y: path.y + swing(path) * Math.sin(angle), radius: path.radius, rotation: 0 };
};

/** Two periods of a triangle wave between −1 and 1. */
const zigzag = (path: Path, frame: number): number => {
  const turn = (path.phase / (2 * Math.PI) + (2 * frame) / path.frames) % 1;
  return 4 * Math.abs(turn - 0.5) - 1;
};

const growing = (direction: 1 | -1) => (path: Path, frame: number): Pose => ({
  x: path.x,
  y: path.y,
  radius: path.radius * (1 + (direction * 0.8 * (frame - (path.frames - 1) / 2)) / path.frames),
  rotation: 0,
});

/** Pose at each frame. y grows downwards, so `clockwise` is clockwise on screen. */
export const MOTIONS = {
  still: (path: Path): Pose => ({ x: path.x, y: path.y, radius: path.radius, rotation: 0 }),
  left: straight(-1, 0),
  right: straight(1, 0),
  up: straight(0, -1),
  down: straight(0, 1),
  clockwise: circular(1),
  counterclockwise: circular(-1),
  zigzagHorizontal: (path: Path, frame: number): Pose => ({ x: path.x + swing(path) * zigzag(path, frame), y: path.y, radius: path.radius, rotation: 0 }),
  zigzagVertical: (path: Path, frame: number): Pose => ({ x: path.x, y: path.y + swing(path) * zigzag(path, frame), radius: path.radius, rotation: 0 }),
  grow: growing(1),
  shrink: growing(-1),
  /** Turns in place, a quarter turn in all. */
  spin: (path: Path, frame: number): Pose => ({ x: path.x, y: path.y, radius: path.radius, rotation: (Math.PI / 2) * (frame / path.frames) }),
} as const satisfies Readonly<Record<string, (path: Path, frame: number) => Pose>>;
export type MotionName = keyof typeof MOTIONS;

/** Offset of what the camera sees, in pixels, and how much larger it appears. */
export interface View {
  readonly dx: number;
  readonly dy: number;
  readonly zoom: number;
}

/** Zoom for each pixel of camera speed and frame: 1 pixel a frame is 4 % a frame. */
const ZOOM_PER_PIXEL = 0.04;
const pan = (dx: number, dy: number) => (speed: number, frame: number): View => ({ dx: dx * speed * frame, dy: dy * speed * frame, zoom: 1 });
const zoom = (direction: 1 | -1) => (speed: number, frame: number): View => ({ dx: 0, dy: 0, zoom: (1 + ZOOM_PER_PIXEL * speed) ** (direction * frame) });

/** What the camera sees of the ground at each frame. Panning left moves the ground to the right. */
export const CAMERAS = {
  still: (): View => ({ dx: 0, dy: 0, zoom: 1 }),
  panLeft: pan(-1, 0),
  panRight: pan(1, 0),
  panUp: pan(0, -1),
  panDown: pan(0, 1),
  zoomIn: zoom(1),
  zoomOut: zoom(-1),
} as const satisfies Readonly<Record<string, (speed: number, frame: number) => View>>;
export type CameraName = keyof typeof CAMERAS;
