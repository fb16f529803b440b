// SPDX-License-Identifier: Apache-2.0

// The nearest centroid, written once for all vector instruction sets. The file that includes this has said before
//
//   VEC, NUMBERS       a register of LANES floats, and one of LANES 32-bit numbers
//   VECTOR             attributes of a function that uses them
//   VECS               registers side by side in a tile; VK_PANEL is a multiple of LANES * VECS
//   LONG_ROWS          rows of a tile whose sums take the registers
//   SHORT_ROWS         rows of a tile whose sums leave registers for the winners
//   SHORT_DIMS         the most dimensions for which that is faster
//   load, broadcast, multiply_add, numbers_from, larger, largest
//
// and gets `assign`.
//
// A tile is the dot products of a few rows with LANES * VECS centroids, all in registers: a component of a centroid is
// loaded once for all rows, and one of a row once for all centroids. A sum begins with -bias / 2 and the largest wins;
// that is the smallest score, and saves a multiply-add for each.
//
// Whatever tile a row is in, its sums are the same chain of multiply-adds, so that its result depends on it alone.

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

#define INLINED static inline __attribute__((always_inline))
#define FEW_ROWS 4

// Rows that go through all centroids together, so that they stay in the second-level cache: at most that many,
// and that many floats.
#define BLOCK_ROWS (8 * LONG_ROWS)
#define BLOCK_FLOATS 65536

// In each lane the largest sum so far, and whose it is.
struct winners {
    VEC sums;
    NUMBERS centroids;
};

VECTOR INLINED struct winners larger(struct winners winners, VEC sums, NUMBERS centroids);
VECTOR INLINED uint32_t largest(struct winners winners, float *sum);
VECTOR INLINED struct winners nobody(void) { return (struct winners){broadcast(-__builtin_inff()), numbers_from(0)}; }

// What a call asks for.
struct assignment {
    const float *rows;
    size_t row_stride, dims;
    const float *packed, *bias;
    size_t centroids;
};

// A float at an address that need not be a multiple of four; compilers make a plain load of it.
INLINED float at(const float *a, size_t i) {
    float value;
    __builtin_memcpy(&value, a + i, sizeof value);
    return value;
}

// Lets the `vecs` registers of centroids from number `first` on compete for the `rows` rows from x on. `rows` and
// `vecs` are constants wherever this is inlined.
VECTOR INLINED void tile(
    const struct assignment *a, const float *x, size_t first, const size_t rows, const size_t vecs,
    struct winners *winners) {
    const size_t dims = a->dims;
    const size_t stride = a->row_stride;
    VEC sums[LONG_ROWS][VECS];
    UNROLLED for (size_t v = 0; v < vecs; v++) {
        VEC begin = multiply_add(broadcast(-0.5f), load(a->bias + first + v * LANES), broadcast(0));
        UNROLLED for (size_t r = 0; r < rows; r++) sums[r][v] = begin;
    }
    const float *components = a->packed + first / VK_PANEL * VK_PANEL * dims + first % VK_PANEL;
    for (size_t d = 0; d < dims; d++, components += VK_PANEL) {
        VEC c[VECS];
        UNROLLED for (size_t v = 0; v < vecs; v++) c[v] = load(components + v * LANES);
        UNROLLED for (size_t r = 0; r < rows; r++) {
            VEC value = broadcast(at(x + r * stride, d));
            UNROLLED for (size_t v = 0; v < vecs; v++) sums[r][v] = multiply_add(value, c[v], sums[r][v]);
        }
    }
    UNROLLED for (size_t v = 0; v < vecs; v++) {
        NUMBERS numbers = numbers_from((uint32_t)(first + v * LANES));
        UNROLLED for (size_t r = 0; r < rows; r++) winners[r] = larger(winners[r], sums[r][v], numbers);
    }
}

// Whole tiles of VECS registers, then what is left of the last.
#define FOR_ALL_CENTROIDS(FIRST, VECS_HERE, BODY)                                             \
    for (size_t FIRST = 0; FIRST < a->centroids;) {                                           \
        if (FIRST + LANES * (VECS - 1) < a->centroids) {                                      \
            enum { VECS_HERE = VECS };                                                        \
            BODY;                                                                             \
            FIRST += LANES * VECS;                                                            \
        } else {                                                                              \
            enum { VECS_HERE = 1 };                                                           \
            BODY;                                                                             \
            FIRST += LANES;                                                                   \
        }                                                                                     \
    }

// All centroids for `rows` rows, whose winners never leave the registers.
VECTOR INLINED void short_rows(const struct assignment *a, const float *x, const size_t rows, struct winners *winners) {
    struct winners own[SHORT_ROWS];
    UNROLLED for (size_t r = 0; r < rows; r++) own[r] = nobody();
    FOR_ALL_CENTROIDS(first, vecs, tile(a, x, first, rows, vecs, own))
    UNROLLED for (size_t r = 0; r < rows; r++) winners[r] = own[r];
}

// Some centroids for all rows of a block.
VECTOR INLINED void long_rows(
    const struct assignment *a, const float *x, size_t count, size_t first, const size_t vecs,
    struct winners *winners) {
    size_t i = 0;
    for (; i + LONG_ROWS <= count; i += LONG_ROWS)
        tile(a, x + i * a->row_stride, first, LONG_ROWS, vecs, winners + i);
    for (; i + FEW_ROWS <= count; i += FEW_ROWS) tile(a, x + i * a->row_stride, first, FEW_ROWS, vecs, winners + i);
    for (; i < count; i++) tile(a, x + i * a->row_stride, first, 1, vecs, winners + i);
}

VECTOR static void block(const struct assignment *a, const float *x, size_t count, struct winners *winners) {
    if (a->dims <= SHORT_DIMS) {
        size_t i = 0;
        for (; i + SHORT_ROWS <= count; i += SHORT_ROWS) short_rows(a, x + i * a->row_stride, SHORT_ROWS, winners + i);
        for (; i < count; i++) short_rows(a, x + i * a->row_stride, 1, winners + i);
    } else {
        for (size_t i = 0; i < count; i++) winners[i] = nobody();
        FOR_ALL_CENTROIDS(first, vecs, long_rows(a, x, count, first, vecs, winners))
    }
}

VECTOR static void assign(
    const float *rows, size_t row_stride, size_t count, size_t dims, const float *packed, const float *bias,
    size_t centroids, uint32_t *nearest, float *scores) {
    const struct assignment a = {rows, row_stride, dims, packed, bias, centroids};
    struct winners winners[BLOCK_ROWS];
    size_t step = BLOCK_FLOATS / (dims ? dims : 1) / LONG_ROWS * LONG_ROWS;
    if (step > BLOCK_ROWS) step = BLOCK_ROWS;
    if (step < LONG_ROWS) step = LONG_ROWS;
    for (size_t i = 0; i < count; i += step) {
        size_t here = count - i < step ? count - i : step;
        block(&a, rows + i * row_stride, here, winners);
        for (size_t r = 0; r < here; r++) {
            float sum;
            nearest[i + r] = largest(winners[r], &sum);
            if (scores) scores[i + r] = -2 * sum;
        }
    }
}
