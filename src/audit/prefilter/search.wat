;; Finds where one of many windows of four bytes may begin: sixteen places at a time, then each of them alone.
;; `search-code.ts` holds what this compiles to; `node scripts/wasm.ts` writes it, and a test compares both.
;;
;; Memory (bytes; `search.ts` knows the same numbers):
;;       0  for each byte of a window two tables of sixteen: by its low and by its high half, in which of eight groups of windows it occurs
;;    4096  one bit for each hash of a window
;;   16384  blocks of sixteen places of which one may be meant: number of the first place, one bit for each
;;   65536  places found: number of the place, hash of its window
;;  655360  the bytes to look at, and room to look beyond their end
(module
  (import "memory" "memory" (memory 11))

  ;; Looks at $n bytes (at most 64 KiB) from $text on. Returns the end of the places found.
  (func (export "search") (param $text i32) (param $n i32) (result i32)
    (call $places (local.get $text) (call $blocks (local.get $text) (local.get $n))))

  ;; A place is meant if some group has all of its four bytes. Nothing branches here: most blocks are overwritten by the next.
  (func $blocks (param $text i32) (param $n i32) (result i32)
    (local $at i32) (local $end i32) (local $found i32)
    (local $low0 v128) (local $low1 v128) (local $low2 v128) (local $low3 v128)
    (local $high0 v128) (local $high1 v128) (local $high2 v128) (local $high3 v128)
    (local $half v128) (local $bytes v128) (local $groups v128)
    (local.set $low0 (v128.load (i32.const 0)))
    (local.set $high0 (v128.load (i32.const 16)))
    (local.set $low1 (v128.load (i32.const 32)))
    (local.set $high1 (v128.load (i32.const 48)))
    (local.set $low2 (v128.load (i32.const 64)))
    (local.set $high2 (v128.load (i32.const 80)))
    (local.set $low3 (v128.load (i32.const 96)))
    (local.set $high3 (v128.load (i32.const 112)))
    (local.set $half (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15))
    (local.set $end (i32.const 16384))
    (loop $block
      (local.set $bytes (v128.load (local.get $text)))
      (local.set $groups (v128.and
        (i8x16.relaxed_swizzle (local.get $low0) (v128.and (local.get $bytes) (local.get $half)))
        (i8x16.relaxed_swizzle (local.get $high0) (i8x16.shr_u (local.get $bytes) (i32.const 4)))))
      (local.set $bytes (v128.load offset=1 (local.get $text)))
      (local.set $groups (v128.and (local.get $groups) (v128.and
        (i8x16.relaxed_swizzle (local.get $low1) (v128.and (local.get $bytes) (local.get $half)))
        (i8x16.relaxed_swizzle (local.get $high1) (i8x16.shr_u (local.get $bytes) (i32.const 4))))))
      (local.set $bytes (v128.load offset=2 (local.get $text)))
      (local.set $groups (v128.and (local.get $groups) (v128.and
        (i8x16.relaxed_swizzle (local.get $low2) (v128.and (local.get $bytes) (local.get $half)))
        (i8x16.relaxed_swizzle (local.get $high2) (i8x16.shr_u (local.get $bytes) (i32.const 4))))))
      (local.set $bytes (v128.load offset=3 (local.get $text)))
      (local.set $groups (v128.and (local.get $groups) (v128.and
        (i8x16.relaxed_swizzle (local.get $low3) (v128.and (local.get $bytes) (local.get $half)))
        (i8x16.relaxed_swizzle (local.get $high3) (i8x16.shr_u (local.get $bytes) (i32.const 4))))))
      (local.set $found (i32.xor (i32.const 65535)
        (i8x16.bitmask (i8x16.eq (local.get $groups) (v128.const i64x2 0 0)))))
      (i32.store (local.get $end) (i32.or (local.get $at) (i32.shl (local.get $found) (i32.const 16))))
      (local.set $end (i32.add (local.get $end) (i32.shl (i32.ne (local.get $found) (i32.const 0)) (i32.const 2))))
      (local.set $text (i32.add (local.get $text) (i32.const 16)))
      (br_if $block (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $n))))
    (local.get $end))

  ;; A group has more than its windows: what it let through is looked up by hash, capitals as small letters.
  (func $places (param $text i32) (param $end i32) (result i32)
    (local $block i32) (local $first i32) (local $found i32) (local $at i32) (local $hash i32) (local $place i32)
    (local.set $block (i32.const 16384))
    (local.set $place (i32.const 65536))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $block) (local.get $end)))
        (local.set $found (i32.load (local.get $block)))
        (local.set $first (i32.and (local.get $found) (i32.const 65535)))
        (local.set $found (i32.shr_u (local.get $found) (i32.const 16)))
        (loop $bit
          (local.set $at (i32.add (local.get $first) (i32.ctz (local.get $found))))
          (local.set $hash (i32.shr_u
            (i32.mul
              (i32.or (i32.load (i32.add (local.get $text) (local.get $at))) (i32.const 0x20202020))
              (i32.const 0x9e3779b1))
            (i32.const 16)))
          (i32.store (local.get $place) (local.get $at))
          (i32.store offset=4 (local.get $place) (local.get $hash))
          (local.set $place (i32.add (local.get $place) (i32.shl
            (i32.and (i32.const 1) (i32.shr_u
              (i32.load8_u offset=4096 (i32.shr_u (local.get $hash) (i32.const 3)))
              (i32.and (local.get $hash) (i32.const 7))))
            (i32.const 3))))
          (br_if $bit (local.tee $found
            (i32.and (local.get $found) (i32.sub (local.get $found) (i32.const 1))))))
        (local.set $block (i32.add (local.get $block) (i32.const 4)))
        (br $next)))
    (local.get $place)))
