#include "CShim.h"

int main(int argc, char **argv) { return drover_shim_main(argc, argv); }
