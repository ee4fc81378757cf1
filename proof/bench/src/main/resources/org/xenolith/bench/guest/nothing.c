/* The program that is started to see how long it takes to start one. */
int main(void) { return 0; }
