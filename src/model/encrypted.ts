/** Volumes and snapshots under a key, in one place, with the instances they belong to. Plain data. */
export interface VolumeSeen {
  readonly volumeId: string;
  readonly state: string;
  readonly kmsKeyId: string;
  readonly zone: string;
  readonly sizeGiB: number;
  readonly type: string;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
  readonly attachment: AttachmentSeen | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface AttachmentSeen {
  readonly instanceId: string;
  readonly device: string;
  readonly deleteOnTermination: boolean;
}

export interface OwnSnapshotSeen {
  readonly snapshotId: string;
  readonly kmsKeyId: string;
  readonly state: string;
  readonly percent: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface HostSeen {
  readonly instanceId: string;
  readonly state: string;
  readonly imageId: string;
  /** Name of its Auto Scaling group. */
  readonly group: string | undefined;
  /** Rehome stopped it, and has to start it again. */
  readonly wasRunning: boolean;
}

export interface EncryptedSeen {
  readonly volumes: readonly VolumeSeen[];
  readonly snapshots: readonly OwnSnapshotSeen[];
  /** Those that the volumes are attached to. */
  readonly hosts: readonly HostSeen[];
  /** Default and latest versions of launch templates that name a key for their volumes. */
  readonly templates: readonly TemplateKeySeen[];
}

export interface TemplateKeySeen {
  readonly name: string;
  readonly version: number;
  /** As the template has it: an ARN, an id or an alias. */
  readonly key: string;
}

/** A volume as it is to be, under another key and at its old place. */
export interface RehomedVolume {
  readonly volumeId: string;
  /** Full ARN of the key that it is to be under. */
  readonly key: string;
  readonly zone: string;
  readonly type: string;
  readonly sizeGiB: number;
  readonly iops?: number;
  readonly throughput?: number;
  /** Where it is attached, while the instance is stopped; absent: nowhere. */
  readonly instanceId?: string;
  readonly device?: string;
  readonly deleteOnTermination?: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** On what rehome makes: the id of what it stands for, and where a volume is to be attached. */
export const REHOMES_TAG = 'amiport:rehomes';
export const FOR_INSTANCE_TAG = 'amiport:instance';
export const FOR_DEVICE_TAG = 'amiport:device';
export const DELETE_TAG = 'amiport:delete-on-termination';
/** On an instance that rehome stopped. */
export const WAS_RUNNING_TAG = 'amiport:was-running';
