//! The choice of the zone in which times are shown.

import type { VNode } from "preact";
import { Icon } from "../components/Icon";
import { type Option, PickList } from "../components/PickList";
import { Popover } from "../components/Popover";
import { chooseZone, LOCAL, zone, zoneLabel } from "../model/timeZone";

export function ZonePicker(): VNode {
  const load = async (): Promise<Option[]> => [
    { value: LOCAL, label: `This browser: ${zoneLabel(LOCAL)}` },
    { value: "UTC" },
    ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC").map((value) => ({ value })),
  ];
  return (
    <Popover label={<Icon name="clock" />} title={`Time zone: ${zoneLabel(zone.value)}`} class="button quiet icon-only" align="end">
      {(close) => (
        <PickList
          label="Find a time zone"
          load={load}
          onPick={({ value }) => {
            chooseZone(value);
            close();
          }}
        />
      )}
    </Popover>
  );
}
