/** What was written before is written again only while it is the same: every answer is as if nothing were kept. */
import { DescribeImagesCommand, EC2Client, ModifyImageAttributeCommand } from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { invariant } from '../../base/invariant.ts';
import { BUILDER, plantImage } from '../ec2/testing.ts';
import { simForTests } from '../testing.ts';
import { bodyBytes } from './message.ts';
import { encodeAnswer } from './protocol.ts';
import { loadSchema } from './schema.ts';
import { serviceNamed } from './services.ts';

const service = serviceNamed('ec2');
invariant(service, 'a service of the simulator');
const schema = await loadSchema(service);
const describeImages = schema.operations.get('DescribeImages');
invariant(describeImages, 'an operation of EC2');

const written = (images: readonly object[]): string =>
  Buffer.from(bodyBytes(encodeAnswer(schema, describeImages, { Images: images, NextToken: 'é' }, 'r'))).toString();

interface Item {
  readonly ImageId: string;
  Description?: string;
}

const plain = (items: readonly Item[]): string => {
  const image = ({ ImageId, Description }: Item) =>
    `<item><imageId>${ImageId}</imageId>${Description === undefined ? '' : `<description>${Description}</description>`}</item>`;
  return `<imagesSet>${items.map(image).join('')}</imagesSet>`;
};

test('lists short and long, of the same items, of others, in another order, changed in between', () => {
  const pool = Array.from({ length: 80 }, (_, i): Item => {
    const item = { ImageId: `ami-${i}`, ...(i % 3 === 0 ? { Description: `d${i} é` } : {}) };
    // Every fifth may change, and is changed below.
    return i % 5 === 0 ? item : Object.freeze(item);
  });
  const list = fc.oneof(
    fc.constant(pool),
    fc.constant(pool.filter((_, i) => i % 5 !== 0 || i > 70)),
    fc.constant(pool.filter((_, i) => i % 5 !== 0)),
    fc.constant(pool.filter((_, i) => i % 5 !== 0).toReversed()),
    fc.shuffledSubarray(pool),
  );
  fc.assert(
    fc.property(fc.array(list, { maxLength: 6 }), fc.nat(), (lists, salt) => {
      for (const [n, items] of lists.entries()) {
        for (const item of items) if (!Object.isFrozen(item)) item.Description = `changed ${salt} ${n}`;
        expect(written(items)).toContain(plain(items));
      }
    }),
    { numRuns: 60 },
  );
});

test('IMG-4 a long list shows at once what became of one image in it', async () => {
  const sim = simForTests();
  const ids = Array.from({ length: 70 }, () => plantImage(sim, BUILDER).imageId);
  const ec2 = sim.client(EC2Client, BUILDER);
  const described = async () => {
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['self'] }));
    return new Map(Images.map((image) => [image.ImageId, image.Description]));
  };
  const before = await described();
  expect(await described()).toEqual(before);
  await ec2.send(new ModifyImageAttributeCommand({ ImageId: ids[33], Description: { Value: 'new' } }));
  expect(await described()).toEqual(new Map([...before, [ids[33], 'new']]));
});
