// A client in one thread, for measuring servers: it keeps some connections busy with one request.
#ifndef LOAD_H
#define LOAD_H

// Sends a request (a whole one, without a body) so often over so many connections to a port of this
// machine, and gives the seconds; a negative number where an answer is not 200.
double load_measure(int port, const char *request, int connections, int count);

#endif
