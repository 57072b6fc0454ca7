import { Component, type ComponentChild, type ComponentType, h } from "preact";

/** A component that is drawn again only when one of its properties is another value. */
export function memo<Properties extends object>(
  of: (properties: Properties) => ComponentChild,
): ComponentType<Properties> {
  return class Memo extends Component<Properties> {
    override shouldComponentUpdate(next: Readonly<Properties>): boolean {
      const before = this.props as Readonly<Record<string, unknown>>;
      return Object.entries(next).some(([key, value]) => !Object.is(before[key], value));
    }

    override render() {
      return h(of, this.props);
    }
  };
}
