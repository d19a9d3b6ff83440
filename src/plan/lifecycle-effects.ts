/** Effects on what is delivered already: the end of versions, and the way back. */
export type LifecycleEffect =
  | { readonly do: 'enable-image'; readonly imageId: string }
  /** `at`: ISO 8601; from then on the image is hidden from those who do not ask for deprecated ones. */
  | { readonly do: 'deprecate-image'; readonly imageId: string; readonly at: string }
  /** AWS takes the launch permissions and forgets them: `accounts` is who had them. */
  | {
      readonly do: 'disable-image';
      readonly imageId: string;
      readonly accounts: readonly string[];
      /** The version is not to be delivered again, whatever the config names: tagged `amiport:withdrawn`. */
      readonly withdrawn?: true;
    }
  /** Until every instance of the group is of the group's template version, or one could not be launched. */
  | {
      readonly do: 'refresh-instances';
      readonly group: string;
      readonly minHealthyPercentage: number;
      /** Also instances that are of that version already: what matters is when they were launched. */
      readonly replaceAll?: true;
      /** The default version that the template goes back to when a launch fails, and the group with it. */
      readonly back?: { readonly template: string; readonly version: number };
    }
  /** Makes a version that is there the default one. */
  | { readonly do: 'set-template-version'; readonly name: string; readonly version: number };
