/** Some predictions in a row within the game's own frames, one under way at a time, each timed. */
import type { Contender } from "./contender";
import type { Game } from "./game";

export interface BlockRequest {
  readonly path: string;
  readonly predictions: number;
  /** Picture of the first prediction; the others follow. */
  readonly first: number;
}

export interface Sample {
  readonly picture: number;
  /** Milliseconds that the game's frame was held up: the call, what it leaves to be done at once, and the poll. */
  readonly blockingMs: number;
  /** From the submission to the scores being there. */
  readonly latencyMs: number;
  /** From the submission to the game's first frame that finds them. */
  readonly seenMs: number;
  readonly stages: Readonly<Record<string, number>>;
  readonly scores: readonly number[];
}

/** What a block came to; `gameMs` is what the game itself took of all `frames`. */
export interface BlockResult {
  readonly samples: readonly Sample[];
  readonly frames: number;
  readonly gameMs: number;
}

interface UnderWay {
  readonly begun: number;
  blockingMs: number;
}

/** Show a picture; submit it a frame later, when all that drew it is done; poll until its scores are there. */
class Block {
  readonly samples: Sample[] = [];
  frames = 0;
  gameMs = 0;
  private shown = false;
  private submitted: UnderWay | null = null;
  private justSubmitted = false;

  constructor(
    private readonly game: Game,
    private readonly contender: Contender,
    private readonly request: BlockRequest,
  ) {}

  get over(): boolean {
    return this.samples.length >= this.request.predictions;
  }

  private get picture(): number {
    return this.request.first + this.samples.length;
  }

  /** The game's frame. What is measured comes last in it, so that the game's own work does not count. */
  frame(): void {
    const ready = this.shown;
    this.play();
    if (this.submitted) this.poll(this.submitted);
    else if (ready) this.submit();
  }

  /** Runs in the same frame, when all that `frame` left to be done at once is done. */
  afterwards(): void {
    if (this.justSubmitted && this.submitted) this.submitted.blockingMs += performance.now() - this.submitted.begun;
    this.justSubmitted = false;
  }

  private play(): void {
    const begun = performance.now();
    this.frames += 1;
    this.game.draw();
    if (!this.shown) {
      this.game.show(this.picture);
      this.contender.prepare?.(this.request.path);
      this.game.settle();
      this.shown = true;
    }
    this.gameMs += performance.now() - begun;
  }

  private submit(): void {
    const begun = performance.now();
    if (!this.contender.submit(this.request.path, this.picture)) return;
    this.submitted = { begun, blockingMs: 0 };
    this.justSubmitted = true;
  }

  private poll(underWay: UnderWay): void {
    const begun = performance.now();
    const finished = this.contender.poll();
    const ended = performance.now();
    underWay.blockingMs += ended - begun;
    if (!finished) return;
    this.samples.push({
      picture: this.picture,
      blockingMs: underWay.blockingMs,
      latencyMs: finished.latencyMs,
      seenMs: ended - underWay.begun,
      stages: this.contender.stages(),
      scores: Array.from(finished.scores()),
    });
    this.submitted = null;
    this.shown = false;
  }
}

/** Rejects with what the contender throws. */
export function runBlock(game: Game, contender: Contender, request: BlockRequest): Promise<BlockResult> {
  const block = new Block(game, contender, request);
  return new Promise((done, failed) => {
    let stopped = false;
    const turn = (): void => {
      if (stopped) return;
      if (block.over) return done({ samples: block.samples, frames: block.frames, gameMs: block.gameMs });
      requestAnimationFrame(() => {
        try {
          block.frame();
        } catch (thrown) {
          stopped = true;
          failed(thrown);
        }
      });
      // The browser empties the queue of microtasks between two callbacks of one frame.
      requestAnimationFrame(() => {
        block.afterwards();
        turn();
      });
    };
    turn();
  });
}

/** So many frames of the game alone; gives the milliseconds that its own work took of them. */
export async function idle(game: Game, frames: number): Promise<number> {
  let gameMs = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    await new Promise(requestAnimationFrame);
    const begun = performance.now();
    game.draw();
    gameMs += performance.now() - begun;
  }
  return gameMs;
}
