/* A Cortex-M4 as QEMU has it (machine mps2-an386): starts, runs the self-test of the predictor, predicts one flower,
 * says what it is, and ends QEMU with the result of the self-test. On a board of your own only `predicted` is needed. */
#include <stdint.h>

#include "iris.c"

extern uint32_t stack_top[];
void reset(void);

/* QEMU's door to the outside: Arm semihosting. */
static void outside(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void say(const char *text) {
    outside(0x04, text); /* SYS_WRITE0 */
}

static void end(uint32_t code) {
    const uint32_t block[] = {0x20026, code}; /* ADP_Stopped_ApplicationExit */
    outside(0x20, block);                     /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}

/* The class of a flower, from four numbers as the table had them. */
static const char *predicted(const double *flower) {
    static struct iris_scratch scratch;
    iris_real p[IRIS_OUTPUTS];
    return iris_class_labels[iris_predict_row(&scratch, flower, 0, p)];
}

void reset(void) {
    static struct iris_scratch scratch;
    static const double flower[IRIS_NUMBERS] = {5.1, 3.5, 1.4, 0.2};
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: the floating-point unit */
    __asm__ volatile("dsb\nisb");
    const int failed = iris_self_test(&scratch);
    say(failed ? "the self-test failed: " : "self-test passed; the flower is ");
    say(predicted(flower));
    say("\n");
    end((uint32_t)failed);
}

static void fault(void) {
    end(101);
}

__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))stack_top, reset, fault, fault, fault, fault, fault,
};
