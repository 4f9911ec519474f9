/** `globalThis.tfjsBridge`: the models of this page, for the `.jslib`, a developer in the console and verify. */
import { ABI_VERSION } from "./generated/abi";
import type { PageModel, PageObject } from "./api";
import { GENERATOR } from "./build-info";
import { Model, type Environment } from "./model";

/** What the page object needs of the browser; `config` is asked anew for every model. */
export type Surface = Omit<Environment, "forget" | "config"> & {
  readonly config: () => Environment["config"];
  readonly renderer: () => string;
};

/** A page object whose surface nobody can change. */
export function pageObject(surface: Surface): PageObject {
  const models: Model[] = [];
  const forget = (model: Model): void => void models.splice(models.indexOf(model), 1);
  return Object.freeze<PageObject>({
    version: 1,
    abi: ABI_VERSION,
    generator: GENERATOR,
    get models(): readonly PageModel[] {
      return models.slice();
    },
    get renderer(): string {
      return surface.renderer();
    },
    create(handle, contractUrl, contractHash, optionsJson, host, scriptUrl) {
      const environment: Environment = { ...surface, config: surface.config(), forget };
      const model = new Model({ handle, contractUrl, contractHash, optionsJson, host, scriptUrl }, environment);
      models.push(model);
      return model;
    },
  });
}

/** Hangs the object on `scope`, unless a runtime is there already: two must not fight over one page. */
export function install(scope: { tfjsBridge?: PageObject }, create: () => PageObject): void {
  if (scope.tfjsBridge !== undefined) return;
  Object.defineProperty(scope, "tfjsBridge", { value: create(), enumerable: true, configurable: false, writable: false });
}
