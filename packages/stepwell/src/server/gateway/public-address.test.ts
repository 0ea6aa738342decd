import { expect, test } from "vitest";
import { isPublicAddress } from "./public-address.ts";

const refusedOf = (addresses: readonly string[]) => addresses.filter((address) => !isPublicAddress(address));

test("addresses of the public internet are public", () => {
  const addresses = [
    "1.1.1.1",
    "93.184.216.34",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.0.1",
    "2606:4700::1111",
    "2001:4860:4860::8888",
    "2a00:1450::1",
  ];
  expect(refusedOf(addresses)).toEqual([]);
});

test("addresses of a machine, a network or a cloud's inside are not", () => {
  const addresses = [
    ...["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    ...["169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "255.255.255.255"],
    ...["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"],
    ...["::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "ff02::1", "2001:db8::1", "3fff::1"],
    ...["2002:7f00:1::", "2001::1", "64:ff9b:1::1.1.1.1", "::127.0.0.1", "100::1"],
  ];
  expect(refusedOf(addresses)).toEqual(addresses);
});

test("an IPv6 form of an IPv4 address is judged by that one, however it is written", () => {
  expect(refusedOf(["::ffff:1.1.1.1", "::ffff:101:101", "64:ff9b::1.1.1.1", "0:0:0:0:0:FFFF:0101:0101"])).toEqual([]);
  const inside = [
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
  ];
  expect(refusedOf(inside)).toEqual(inside);
});

test("what is no address is not public", () => {
  expect(refusedOf(["", "localhost", "1.1.1", "1.1.1.1:80", "[::1]", "0x7f.1"])).toHaveLength(6);
});
