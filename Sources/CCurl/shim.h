#include <curl/curl.h>
#include "easy.h"
