/* Five bodies under gravity, in double precision. */
#include "kernels.h"
static double p[5][3] = {{0, 0, 0}, {4.84, -1.16, -0.10}, {8.34, 4.12, -0.40},
                         {12.89, -15.11, -0.22}, {15.37, -25.91, 0.17}};
static double v[5][3] = {{0, 0, 0}, {0.6, 2.81, -0.02}, {-1.01, 1.82, 0.008},
                         {1.08, 0.86, -0.01}, {0.97, 0.59, -0.03}};
static const double mass[5] = {39.47, 0.037, 0.011, 0.0017, 0.002};

static double root(double x) {
    double y;
    __asm__("sqrtsd %1, %0" : "=x"(y) : "x"(x));
    return y;
}

u64 kernel(u64 rounds) {
    const double dt = 0.001;
    for (u64 round = 0; round < rounds; round++) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) {
                double x = p[i][0] - p[j][0], y = p[i][1] - p[j][1], z = p[i][2] - p[j][2];
                double d2 = x * x + y * y + z * z;
                double f = dt / (d2 * root(d2));
                v[i][0] -= x * mass[j] * f, v[i][1] -= y * mass[j] * f, v[i][2] -= z * mass[j] * f;
                v[j][0] += x * mass[i] * f, v[j][1] += y * mass[i] * f, v[j][2] += z * mass[i] * f;
            }
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 3; k++) p[i][k] += dt * v[i][k];
    }
    double sum = p[0][0] + p[1][1] + p[2][2] + p[3][0] + p[4][1];
    u64 bits;
    __asm__("movq %1, %0" : "=r"(bits) : "x"(sum));
    return bits;
}
