/** @file A scene of three.js: points or a mesh, box, axes, light, and a camera that pointer and keys move. Loaded only where it is shown. */
import {
  AmbientLight,
  AxesHelper,
  Box3,
  Box3Helper,
  BufferAttribute,
  BufferGeometry,
  Color,
  DirectionalLight,
  DoubleSide,
  Mesh,
  MeshStandardMaterial,
  PerspectiveCamera,
  Points,
  PointsMaterial,
  Scene,
  Spherical,
  SRGBColorSpace,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import { GLTFExporter } from "three/examples/jsm/exporters/GLTFExporter.js";
import type { Theme } from "../../shared/renderer";
import type { Geometry } from "./points";

export interface SceneSettings {
  /** Pixels. */
  readonly pointSize: number;
  readonly box: boolean;
  readonly axes: boolean;
  readonly wireframe: boolean;
}

export interface CameraState {
  readonly position: readonly number[];
  readonly target: readonly number[];
}

export interface SceneOptions {
  readonly canvas: HTMLCanvasElement;
  readonly geometry: Geometry;
  readonly settings: SceneSettings;
  readonly theme: Theme;
  readonly camera: CameraState | undefined;
  readonly signal: AbortSignal;
  readonly onCamera: (state: CameraState) => void;
  /** The context is gone: the driver was reset, or too many are open. */
  readonly onLost: () => void;
}

const TURN_STEP = Math.PI / 24;
const ZOOM_STEP = 1.15;
const FIELD_OF_VIEW_DEGREES = 40;
const FIT_MARGIN = 1.05;

/** How far from its middle an eye must be to see all corners of a box in a picture of an aspect (width over height). */
function distanceFor(bounds: Box3, { direction, aspect }: { readonly direction: Vector3; readonly aspect: number }): number {
  const right = new Vector3(0, 1, 0).cross(direction).normalize();
  const up = direction.clone().cross(right);
  const slope = Math.tan((FIELD_OF_VIEW_DEGREES * Math.PI) / 360);
  const half = bounds.getSize(new Vector3()).multiplyScalar(0.5);
  const corners = [-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [-1, 1].map((z) => new Vector3(x, y, z).multiply(half))));
  return Math.max(...corners.map((corner) => corner.dot(direction) + Math.max(Math.abs(corner.dot(up)), Math.abs(corner.dot(right)) / aspect) / slope));
}

export class GeometryScene {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera: PerspectiveCamera;
  private readonly controls: OrbitControls;
  private readonly bounds: Box3;
  private readonly centre: Vector3;
  private readonly radius: number;
  private readonly points: Points<BufferGeometry, PointsMaterial> | undefined;
  private readonly mesh: Mesh<BufferGeometry, MeshStandardMaterial> | undefined;
  private readonly box: Box3Helper;
  private readonly axes: AxesHelper;
  private frame = 0;

  /** @throws {Error} where the browser has no WebGL. */
  constructor(private readonly options: SceneOptions) {
    const { canvas, geometry, signal } = options;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    const bounds = new Box3(new Vector3(...geometry.low), new Vector3(...geometry.high));
    this.centre = bounds.getCenter(new Vector3());
    this.radius = bounds.getSize(new Vector3()).length() / 2 || 1;
    const shape = shapeOf(geometry);
    if (geometry.triangles.length > 0) {
      shape.computeVertexNormals();
      this.mesh = new Mesh(shape, new MeshStandardMaterial({ vertexColors: true, side: DoubleSide, roughness: 0.75, metalness: 0 }));
      this.scene.add(this.mesh);
    } else {
      this.points = new Points(shape, new PointsMaterial({ vertexColors: true, sizeAttenuation: false }));
      this.scene.add(this.points);
    }
    this.bounds = bounds;
    this.box = new Box3Helper(bounds);
    // Three edges of the box: as long as the extent of the points along each axis.
    this.axes = new AxesHelper(1);
    this.axes.position.copy(bounds.min);
    this.axes.scale.copy(bounds.getSize(new Vector3()));
    // Over the edges of the box on which they lie.
    this.axes.renderOrder = 1;
    for (const material of [this.axes.material].flat()) material.depthTest = false;
    this.camera = new PerspectiveCamera(FIELD_OF_VIEW_DEGREES, 1, this.radius / 100, this.radius * 50);
    // The light comes with the eye, so every side is lit, on dark and light ground alike.
    const light = new DirectionalLight(0xffffff, 2.2);
    light.position.set(0.4, 0.8, 1);
    this.camera.add(light);
    this.scene.add(new AmbientLight(0xffffff, 1.1), this.camera, this.box, this.axes);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.addEventListener("change", () => this.drawSoon());
    this.controls.addEventListener("end", () => this.tell());
    this.measure();
    this.place();
    this.setTheme(options.theme);
    this.set(options.settings);
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      if (!signal.aborted) options.onLost();
    });
    canvas.addEventListener("keydown", (event) => this.key(event), { signal });
    signal.addEventListener("abort", () => this.dispose());
    this.resize();
  }

  set({ pointSize, box, axes, wireframe }: SceneSettings): void {
    if (this.points !== undefined) this.points.material.size = pointSize * this.renderer.getPixelRatio();
    if (this.mesh !== undefined) this.mesh.material.wireframe = wireframe;
    this.box.visible = box;
    this.axes.visible = axes;
    this.drawSoon();
  }

  setTheme(theme: Theme): void {
    this.renderer.setClearColor(new Color(theme.background), 1);
    const material = this.box.material;
    if (!Array.isArray(material) && "color" in material && material.color instanceof Color) material.color.set(theme.line);
    const [x, , y] = theme.series;
    this.axes.setColors(theme.series[1] ?? x, y ?? x, x);
    this.drawSoon();
  }

  resize(): void {
    this.measure();
    this.draw();
  }

  private measure(): void {
    const { clientWidth, clientHeight } = this.options.canvas.parentElement ?? this.options.canvas;
    this.renderer.setPixelRatio(Math.min(2, window.devicePixelRatio || 1));
    this.renderer.setSize(Math.max(1, clientWidth), Math.max(1, clientHeight), false);
    this.camera.aspect = Math.max(1, clientWidth) / Math.max(1, clientHeight);
    this.camera.updateProjectionMatrix();
  }

  /** All of it in view, box and axes too, as large as that allows, from where the static twin looks. */
  fit(): void {
    const direction = new Vector3().setFromSphericalCoords(1, Math.PI / 2 - (22 * Math.PI) / 180, -(35 * Math.PI) / 180);
    const distance = (distanceFor(this.bounds, { direction, aspect: this.camera.aspect }) || this.radius) * FIT_MARGIN;
    this.camera.position.copy(this.centre).addScaledVector(direction, distance);
    this.controls.target.copy(this.centre);
    this.controls.update();
    this.drawSoon();
  }

  /** PNG of what is seen. */
  async png(): Promise<Uint8Array> {
    this.draw();
    const blob = await new Promise<Blob | null>((done) => this.options.canvas.toBlob(done, "image/png"));
    if (blob === null) throw new Error("the picture could not be encoded");
    return new Uint8Array(await blob.arrayBuffer());
  }

  /** Binary glTF of the points or the mesh. */
  async glb(): Promise<Uint8Array> {
    const object = this.mesh ?? this.points;
    const result = object === undefined ? undefined : await new GLTFExporter().parseAsync(object, { binary: true });
    if (!(result instanceof ArrayBuffer)) throw new Error("the geometry could not be written as GLB");
    return new Uint8Array(result);
  }

  private place(): void {
    const { camera } = this.options;
    this.fit();
    if (camera === undefined) return;
    this.camera.position.fromArray([...camera.position]);
    this.controls.target.fromArray([...camera.target]);
    this.controls.update();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const turns: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const zooms: Readonly<Record<string, number>> = { "+": 1 / ZOOM_STEP, "=": 1 / ZOOM_STEP, "-": ZOOM_STEP };
    if (Object.hasOwn(turns, event.key)) this.turn(turns[event.key]);
    else if (Object.hasOwn(zooms, event.key)) this.camera.position.sub(this.controls.target).multiplyScalar(zooms[event.key]).add(this.controls.target);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.controls.update();
    this.tell();
    this.drawSoon();
  }

  private turn([around, over]: readonly [number, number]): void {
    const place = new Spherical().setFromVector3(this.camera.position.clone().sub(this.controls.target));
    place.theta += around * TURN_STEP;
    place.phi += over * TURN_STEP;
    place.makeSafe();
    this.camera.position.setFromSpherical(place).add(this.controls.target);
  }

  private tell(): void {
    this.options.onCamera({ position: this.camera.position.toArray(), target: this.controls.target.toArray() });
  }

  private drawSoon(): void {
    if (this.frame !== 0 || this.options.signal.aborted) return;
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.frame = 0;
    if (!this.options.signal.aborted) this.renderer.render(this.scene, this.camera);
  }

  private dispose(): void {
    cancelAnimationFrame(this.frame);
    this.controls.dispose();
    for (const object of [this.points, this.mesh]) {
      object?.geometry.dispose();
      object?.material.dispose();
    }
    this.renderer.dispose();
    // Browsers keep few contexts: this one is given back at once.
    this.renderer.forceContextLoss();
  }
}

function shapeOf({ positions, colours, triangles }: Geometry): BufferGeometry {
  const shape = new BufferGeometry();
  shape.setAttribute("position", new BufferAttribute(positions, 3));
  // Colours of payloads are sRGB, as on screen; three.js computes light in linear ones.
  const linear = new Float32Array(colours.length);
  const colour = new Color();
  for (let i = 0; i < colours.length; i += 3) colour.setRGB(colours[i] / 255, colours[i + 1] / 255, colours[i + 2] / 255, SRGBColorSpace).toArray(linear, i);
  shape.setAttribute("color", new BufferAttribute(linear, 3));
  if (triangles.length > 0) shape.setIndex(new BufferAttribute(triangles, 1));
  return shape;
}
