// A priority queue: the least first.

export class Heap {
  constructor() {
    this.costs = [];
    this.values = [];
  }

  get size() {
    return this.costs.length;
  }

  get first() {
    return this.values[0];
  }

  push(cost, value) {
    const { costs, values } = this;
    let at = costs.length;
    while (at) {
      const above = (at - 1) >> 1;
      if (costs[above] <= cost) break;
      costs[at] = costs[above];
      values[at] = values[above];
      at = above;
    }
    costs[at] = cost;
    values[at] = value;
  }

  pop() {
    const { costs, values } = this;
    const first = values[0];
    const cost = costs.pop();
    const value = values.pop();
    const size = costs.length;
    if (size) {
      let at = 0;
      for (;;) {
        let below = 2 * at + 1;
        if (below >= size) break;
        if (below + 1 < size && costs[below + 1] < costs[below]) below++;
        if (costs[below] >= cost) break;
        costs[at] = costs[below];
        values[at] = values[below];
        at = below;
      }
      costs[at] = cost;
      values[at] = value;
    }
    return first;
  }
}
