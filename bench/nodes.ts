/** Nodes at work: each assigns to one pod after the other, then releases them. */
import assert from 'node:assert/strict';
import type { Ipam } from '../src/ipam/api.ts';
import { createNode, handleOf, podRequest } from './pods.ts';
import { type Contender, type Pass, runPass, type Turn } from './rounds.ts';

export interface NodesShape {
  /** What series and nodes are called. */
  readonly name: string;
  readonly nodes: number;
  /** Pods that each node gets in one pass. */
  readonly perPass: number;
  readonly passes: number;
  /** The library that a node calls; asked before each call. */
  readonly ipamOf: (node: number) => Ipam;
}

/** Two series: `<name> assign` and `<name> release`. */
export class Nodes implements Contender {
  readonly #shape: NodesShape;
  #pods = 0;

  constructor(shape: NodesShape) {
    this.#shape = shape;
  }

  /** Registers the nodes and has each claim its block. */
  async settle(): Promise<void> {
    const { nodes, ipamOf } = this.#shape;
    for (let node = 0; node < nodes; node++) {
      const ipam = ipamOf(node);
      await createNode(ipam, this.#host(node));
      await ipam.autoAssign(podRequest(this.#host(node), `${this.#host(node)}-first`));
    }
  }

  async turn(): Promise<Turn> {
    const { name, passes } = this.#shape;
    const assigned: Pass[] = [];
    const released: Pass[] = [];
    for (let pass = 0; pass < passes; pass++) {
      const run = `${this.#pods++}`;
      assigned.push(await this.#pass((node, index) => this.#assign(node, podName(run, node, index))));
      released.push(await this.#pass((node, index) => this.#release(node, podName(run, node, index))));
    }
    return { [`${name} assign`]: assigned, [`${name} release`]: released };
  }

  #pass(operation: (node: number, index: number) => Promise<void>): Promise<Pass> {
    const { nodes, perPass } = this.#shape;
    return runPass(
      Array.from({ length: nodes }, (_, node) => (index: number) => operation(node, index)),
      perPass,
    );
  }

  async #assign(node: number, pod: string): Promise<void> {
    const { v4 } = await this.#shape.ipamOf(node).autoAssign(podRequest(this.#host(node), `${this.#shape.name}-${pod}`));
    assert.equal(v4?.addresses.length, 1);
  }

  async #release(node: number, pod: string): Promise<void> {
    const handle = handleOf(`${this.#shape.name}-${pod}`);
    const { released } = await this.#shape.ipamOf(node).releaseByHandle({ handle, host: this.#host(node) });
    assert.equal(released.length, 1);
  }

  #host(node: number): string {
    return `${this.#shape.name}-${node}`;
  }
}

function podName(run: string, node: number, index: number): string {
  return `${run}-${node}-${index}`;
}
